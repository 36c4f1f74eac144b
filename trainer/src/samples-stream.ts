// The stream that trainers read.
export const SAMPLES_STREAM = 'samples';
