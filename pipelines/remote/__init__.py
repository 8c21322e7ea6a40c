"""Remote: stages on engines other than this machine's own: Flink, Spark, Dataflow, whatever Beam runs on.

submission     a stage's phases -> a Beam job, watched until it ends, or ended when no worker comes
phases         splits dealt out to the engine's workers, phase by phase
worker_code    what a worker runs must be what the launcher runs: checked before it touches a split
worker_pool    `python -m pipelines.remote.worker_pool`: a service that starts workers beside an engine's own
"""
