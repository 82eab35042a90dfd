"""`python -m liftwing_demo`: `liftwing-serving demo` where that command is not installed."""

from liftwing_serving.interrupts import quiet_interrupts

if __name__ == "__main__":
    with quiet_interrupts():
        from liftwing_demo.cli import app

    app(prog_name="liftwing_demo")
