def test_holds():
    assert 1 + 1 == 2


def test_fails():
    assert [1, 2] == [1, 3]
