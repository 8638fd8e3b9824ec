/** Steps of the demonstration's job: enough for a checkpoint, a kill and a finish to lie well apart. */
export const STEPS = 400;
/** The job's result, in its container's writable layer. */
export const RESULT_FILE = '/results.txt';

/**
 * Each line depends on all lines before it, so one lost, repeated or damaged step shows in everything after it. What it
 * must remember between steps is only in the memory of the shell: nothing can be picked up from a file.
 */
export const PROGRAM = `
i=0 sum=batchpoint
while [ $i -lt ${STEPS} ]; do
  i=$((i + 1))
  sum=$(echo "$sum $i" | sha256sum | cut -d ' ' -f 1)
  echo "step $i $sum"
  echo "$i $sum" >>${RESULT_FILE}
  sleep 0.05
done`;
