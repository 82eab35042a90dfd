"""Run the pipelines of a PipelineLib file on this machine."""
