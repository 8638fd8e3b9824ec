/** `snapshot`: what the release brings along; `aws`: EC2 said so to this server. */
export const CATALOGUE_SOURCES = ['snapshot', 'aws'] as const;
export type CatalogueSource = (typeof CATALOGUE_SOURCES)[number];
