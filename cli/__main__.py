"""Makes `python -m cli` the same as `social-crm`."""

from cli.main import main

if __name__ == "__main__":
    main()
