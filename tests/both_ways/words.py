import sys

print(sys.argv)
print(__name__, __file__.rpartition("/")[2])
