// The page: hears of the loop every second, and shows it. After a lost connection the browser comes back by itself.
import type { LiveEnd, LiveLook, LiveStart } from '../src/live/live-look.ts';
import { Charts } from './charts.ts';
import { onColoursChanged } from './colours.ts';
import { searchDocuments } from './documents.ts';
import { showFigures } from './figures.ts';
import { element, write } from './text.ts';

const charts = new Charts();
onColoursChanged(() => charts.recolour());
searchDocuments();

const source = new EventSource('/watch');
const on = <Message>(event: string, heard: (message: Message) => void): void =>
  source.addEventListener(event, (message) => heard(JSON.parse((message as MessageEvent<string>).data)));

on<LiveStart>('start', ({ title, history }) => {
  write('title', title);
  write('state', 'live');
  charts.restart(history);
});
on<LiveLook>('look', (look) => {
  showFigures(look);
  charts.add(look.point);
});
on<LiveEnd>('end', ({ summary }) => {
  source.close();
  write('state', 'ended');
  element('summary').replaceChildren(...summary.map(item));
});
source.addEventListener('error', () => {
  if (source.readyState !== EventSource.CLOSED) write('state', 'connecting again');
});

function item(text: string): HTMLLIElement {
  const line = document.createElement('li');
  line.textContent = text;
  return line;
}
