import { Column } from 'typeorm';

/** A size in bytes, by default or null. PostgreSQL's bigint comes as text from the driver; sizes fit a JavaScript number (8 PiB). */
export function BytesColumn({ nullable = true }: { nullable?: boolean } = {}): PropertyDecorator {
  return Column({
    type: 'bigint',
    nullable,
    transformer: {
      to: (value: number | null | undefined) => value,
      from: (value: string | null) => (value === null ? null : Number(value)),
    },
  });
}
