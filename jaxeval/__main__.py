"""`python -m jaxeval`: the command where its script isn't on the path."""

from jaxeval.cli.main import main

if __name__ == "__main__":
    main()
