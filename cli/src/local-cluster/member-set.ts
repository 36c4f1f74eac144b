// The members of one group, each a service of its own, numbered from 0: more of them can be started, and the last one
// ended, while the cluster runs.
import { freePorts } from '@weir/runtime';
import type { AdminAddress, ServiceCommand } from './service-commands.ts';
import type { SupervisedService } from './supervised-service.ts';

export interface MemberSetOptions {
  /** The stage of the cluster that these services are; they come and go in it. */
  readonly stage: SupervisedService[];
  /** Of the members that there are at the start. */
  readonly addresses: readonly AdminAddress[];
  readonly command: (index: number, address: AdminAddress) => ServiceCommand;
  readonly supervised: (command: ServiceCommand) => SupervisedService;
  /** All services of the cluster, by name. */
  readonly services: Map<string, SupervisedService>;
}

export class MemberSet {
  readonly #options: MemberSetOptions;
  readonly #admins: string[];

  constructor(options: MemberSetOptions) {
    this.#options = options;
    this.#admins = options.addresses.map(({ admin }) => admin);
  }

  /** Admin addresses of the members that there are, in the order of their numbers. */
  get admins(): readonly string[] {
    return this.#admins;
  }

  /** One more, under the next number; resolves when it is ready. @throws WeirError when it does not start. */
  async add(): Promise<SupervisedService> {
    const { stage, command, supervised, services } = this.#options;
    const admin = `127.0.0.1:${(await freePorts(1))[0]}`;
    const service = supervised(command(this.#admins.length, { admin }));
    this.#admins.push(admin);
    stage.push(service);
    services.set(service.name, service);
    await service.start();
    return service;
  }

  /** Ends the one of the highest number, which leaves the group; its figures go with it. */
  async remove(): Promise<void> {
    const { stage, services } = this.#options;
    const service = stage.pop()!;
    this.#admins.pop();
    services.delete(service.name);
    await service.stop();
  }
}
