// The settings of access: who may do what at this process, and what it shows to others.
import { z } from 'zod';

const file = () => z.string().min(1).meta({ placeholder: 'FILE' });

/** Of every process. */
export const accessConfig = {
  access: file()
    .optional()
    .describe(
      'JSON file that says who may do what, read again when it changes; without it everybody may do everything',
    ),
};

/** Of processes and verbs that call others. */
export const clientTokenConfig = {
  tokenFile: file()
    .optional()
    .describe('file with the token to show to other services, read again when it changes'),
  token: z
    .string()
    .min(1)
    .optional()
    .describe('the token itself, if there is no file')
    .meta({ secret: true }),
};

export type ClientTokenSettings = z.infer<z.ZodObject<typeof clientTokenConfig>>;
