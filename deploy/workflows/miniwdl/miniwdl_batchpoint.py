"""miniwdl's AWS Batch back end, with job definitions that Batch itself tries again after a Spot reclaim."""

import miniwdl_aws.batch_job

RETRY_STRATEGY = {
    "attempts": 10,
    "evaluateOnExit": [
        {"onStatusReason": "Host EC2*", "action": "RETRY"},
        {"onReason": "*", "action": "EXIT"},
    ],
}


def _with_retries(params, **_):
    params.setdefault("retryStrategy", RETRY_STRATEGY)


class BatchJob(miniwdl_aws.batch_job.BatchJob):
    def _submit_batch_job(self, logger, cleanup, aws_batch, command):
        # miniwdl-aws registers a job definition for every task, and gives it no retry strategy.
        aws_batch.meta.events.register(
            "provide-client-params.batch.RegisterJobDefinition", _with_retries, unique_id="batchpoint"
        )
        return super()._submit_batch_job(logger, cleanup, aws_batch, command)
