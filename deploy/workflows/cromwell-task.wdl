version 1.0

task align {
  command <<<
    ./align
  >>>
  runtime {
    docker: "example/align:1"
    cpu: 4
    memory: "16 GB"
    awsBatchRetryAttempts: 10
    # Only where the back end knows it: otherwise every failure is tried again, not a reclaim alone.
    awsBatchEvaluateOnExit: [
      { "onStatusReason": "Host EC2*", "action": "RETRY" },
      { "onReason": "*", "action": "EXIT" }
    ]
  }
}
