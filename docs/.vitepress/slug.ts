// A heading's anchor, as the places have it where repositories are read: so a link to `groups.md#between-barriers` is good there and here.

/** Small letters, blanks to hyphens, without punctuation. */
export function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}
