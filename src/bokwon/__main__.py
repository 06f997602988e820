"""`python -m bokwon` is the command `bokwon`."""

from bokwon.cli.main import main

if __name__ == "__main__":
    main()
