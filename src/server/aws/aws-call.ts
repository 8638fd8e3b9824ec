import { toAwsError } from './aws-error.js';

/** The answer of one call; throws {@link AwsError} only. `action` is its IAM action, such as `batch:DescribeJobs`. */
export async function callAws<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toAwsError(action, error);
  }
}

/** All items over all pages of one of the SDK's paginators; throws {@link AwsError} only. */
export async function collectPages<P, T>(
  action: string,
  pages: AsyncIterable<P>,
  itemsOf: (page: P) => T[] | undefined,
): Promise<T[]> {
  return callAws(action, async () => {
    const items: T[] = [];
    for await (const page of pages) items.push(...(itemsOf(page) ?? []));
    return items;
  });
}
