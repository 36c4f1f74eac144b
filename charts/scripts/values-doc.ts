// The settings of the chart as charts/weir/values.yaml documents them: the comment above a key is its description. Pure. It knows the
// part of YAML that this file is written in: maps in block style, two spaces a level, values on the line of their key.

export interface ChartValue {
  /** `shards.volume.size`. */
  readonly path: string;
  readonly description: string;
  /** As it stands; undefined: a map with keys of its own. */
  readonly value: string | undefined;
}

interface Line {
  readonly indent: number;
  readonly key: string;
  readonly rest: string;
  readonly description: string;
  /** Lines below that belong to it and are no keys of settings: the items of a list. */
  readonly items: string[];
}

/** In the file's order. */
export function chartValues(yaml: string): ChartValue[] {
  const lines: Line[] = [];
  let comment: string[] = [];
  for (const text of yaml.split('\n')) {
    const indent = text.length - text.trimStart().length;
    const words = text.trim();
    const last = lines.at(-1);
    if (words === '') comment = [];
    else if (words.startsWith('# ')) comment.push(words.slice(2));
    else if (
      last !== undefined &&
      (words.startsWith('- ') || (last.items.length > 0 && indent > last.indent + 2))
    ) {
      last.items.push(words);
    } else {
      const [, key = '', rest = ''] = /^([\w.-]+):\s*(.*)$/.exec(words) ?? [];
      if (key === '') throw new Error(`values.yaml: "${text}" is not KEY: VALUE`);
      lines.push({ indent, key, rest, description: comment.join(' '), items: [] });
      comment = [];
    }
  }
  const path: string[] = [];
  return lines.map(({ indent, key, rest, description, items }) => {
    path.length = indent / 2;
    path.push(key);
    const isMap = rest === '' && items.length === 0;
    return {
      path: path.join('.'),
      description,
      value: isMap ? undefined : items.length === 0 ? rest : items.join('; '),
    };
  });
}
