// Controllers and scheduler on shared informers, for their process and for a cluster in one process.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { createRegistry, type Registry } from '../base/metrics/metrics.ts'
import { InformerPool } from '../client/cache/informer-pool.ts'
import type { Client } from '../client/client.ts'
import { runWhileLeading } from '../client/leader-election.ts'
import type { ControllerChoice } from '../controllers/controller.ts'
import { controllersOf } from '../controllers/index.ts'
import { runControllers } from '../controllers/run-controllers.ts'
import { runScheduler } from '../scheduler/run-scheduler.ts'
import { checkCertificate, type SignerScope } from '../signer/policy.ts'
import type { Signer } from '../signer/signer.ts'

export interface ControlLoopOptions {
  clientFor(controllerName: string): Client
  readonly informerClient: Client
  readonly schedulerClient: Client
  readonly signer: Signer
  readonly rootCa: string
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Registry
  readonly random: () => number
  readonly choice: ControllerChoice
  /** The name of this process if others may run the same loops: then one at a time does, chosen by Leases. */
  readonly leader?: string
}

/**
 * For certificates requested through the API: they include no controller accounts and no tokens. The signer's process knows the server's
 * names better.
 */
const requestedByUsers: SignerScope = {
  servingNames: { dnsNames: ['kubernetes', 'kubernetes.default'], ipAddresses: [] },
  controllerAccounts: new Set(),
  issuer: '',
}

/** Resolves when all have stopped after the signal. */
export async function runControlLoops(options: ControlLoopOptions, signal: AbortSignal): Promise<void> {
  const { informerClient, schedulerClient, clock, log, random, leader } = options
  if (leader === undefined) {
    // One cache of pods and nodes for controllers and scheduler: both see the same state, and each object is parsed once.
    const informers = new InformerPool({ client: informerClient, clock, log, random })
    await Promise.all([controllerLoops(options, informers, signal), schedulerLoop(options, informers, signal)])
    return
  }
  // Under upstream's names, so that its tools show who leads.
  const election = { identity: leader, clock, log, random }
  await Promise.all([
    runWhileLeading({ ...election, client: informerClient, name: 'kube-controller-manager' }, signal, until =>
      // Each term counts anew.
      controllerLoops({ ...options, metrics: createRegistry() }, new InformerPool({ client: informerClient, clock, log, random }), until),
    ),
    runWhileLeading({ ...election, client: schedulerClient, name: 'kube-scheduler' }, signal, until =>
      schedulerLoop(options, undefined, until),
    ),
  ])
}

async function controllerLoops(options: ControlLoopOptions, informers: InformerPool, signal: AbortSignal): Promise<void> {
  const { clientFor, informerClient, signer, rootCa, clock, log, metrics, random, choice } = options
  await runControllers(
    {
      ...{ clientFor, informerClient, informers, rootCa, clock, log, metrics, random },
      controllers: controllersOf(choice),
      settings: {
        volumeKeys: {
          make: (volume, node, until) => signer.makeVolumeKey(volume, node, until),
          copy: (volume, source, until) => signer.copyVolumeKey(volume, source, until),
          erase: (volume, until) => signer.eraseVolumeKey(volume, until),
        },
      },
      signCertificate: async ({ authority, csr, commonName, organizations, dnsNames, ipAddresses, lifetimeSeconds }, until) => {
        const request = { authority, csr, commonName, organizations, dnsNames, ipAddresses, lifetimeSeconds }
        // A signer in the same process does not know its caller: the rules for controllers apply here too.
        checkCertificate('controllers', request, requestedByUsers)
        return await signer.issueCertificate(request, until)
      },
    },
    signal,
  )
}

async function schedulerLoop(
  { schedulerClient, clock, log, random }: ControlLoopOptions,
  informers: InformerPool | undefined,
  signal: AbortSignal,
): Promise<void> {
  const shared = informers === undefined ? {} : { informers }
  await runScheduler({ client: schedulerClient, ...shared, clock, log: log.with({ component: 'scheduler' }), random }, signal)
}
