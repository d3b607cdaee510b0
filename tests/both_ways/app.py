import click
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    return "one\n"


@app.cli.command()
@click.option("--times", default=1)
def greet(times):
    for _ in range(times):
        click.echo("Hello, Ada!")
