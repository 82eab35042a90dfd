"""The front: one address for all models, which also speaks ORES' API."""

from liftwing_serving.ores import serve

if __name__ == "__main__":
    serve()
