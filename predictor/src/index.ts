export { predictorService } from './service.ts';
