import type { Type } from '@nestjs/common';
import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { IntegerField, StringField } from './fields.js';

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 200;

/** What every list takes. A feature's query DTO extends it with its typed filters and a `sort` field (`SortField`). */
export class PageQueryDto {
  @IntegerField({
    query: true,
    optional: true,
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
    example: 50,
    description: 'At most this many items.',
  })
  pageSize?: number;

  @StringField({
    optional: true,
    maxLength: 2000,
    description: '`nextPageToken` of the page before; the filters and the sort order must be the same.',
  })
  pageToken?: string;
}

export interface Page<T> {
  items: T[];
  nextPageToken: string | null;
}

/**
 * A DTO class: besides its fields it shows one whole example, which tests hold to its schema. A request may show others, each under the
 * name it has in Swagger UI; the first of all is the one a newcomer sends as it stands.
 */
export type DtoClass<T = object> = Type<T> & { example: T; otherExamples?: Record<string, T> };

const pages = new Map<Type, DtoClass>();

/** The page of a DTO as a class, for OpenAPI: `HostDto` gives `HostPage`. */
export function pageOf<T extends object>(item: DtoClass<T>): DtoClass<Page<T>> {
  const known = pages.get(item);
  if (known) return known as DtoClass<Page<T>>;
  @ApiSchema({ name: `${item.name.replace(/Dto$/, '')}Page` })
  class PageDto {
    static readonly example: Page<T> = { items: [item.example], nextPageToken: null };

    @ApiProperty({ type: [item] })
    items: T[];

    @ApiProperty({
      type: String,
      nullable: true,
      description:
        'Give it as `pageToken` for the next page; null on the last. The `Link` header carries the whole URL.',
    })
    nextPageToken: string | null;
  }
  pages.set(item, PageDto);
  return PageDto;
}
