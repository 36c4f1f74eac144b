// The charting library as the page's server serves it.
export { default } from 'uplot';
