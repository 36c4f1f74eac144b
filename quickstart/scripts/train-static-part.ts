// `npm run train:static`: trains the static part of `doc-vector` on the first 30 % of MovieLens and writes it where it is shipped.
import { writeFile } from 'node:fs/promises';
import { MOVIELENS } from '../src/movielens-set.ts';
import { trainMovielensStaticPart } from '../src/static-part/movielens-static-part.ts';

const { onnx, factors, ratings } = await trainMovielensStaticPart();
await writeFile(MOVIELENS.staticPart, onnx);
const { users, items, losses } = factors;
process.stdout.write(
  `${MOVIELENS.staticPart}: ${onnx.byteLength} bytes, from ${ratings} ratings of ${items.ids.length} movies by ` +
    `${users.ids.length} users\nlog loss by pass: ${losses.map((loss) => loss.toFixed(4)).join(' ')}\n`,
);
