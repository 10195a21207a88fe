// Controllers and scheduler on shared informers: the same for their process and for a cluster in one process.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Registry } from '../base/metrics.ts'
import type { Client } from '../client/client.ts'
import { runControllers } from '../controllers/run-controllers.ts'
import { runScheduler } from '../scheduler/run-scheduler.ts'
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
}

/** Resolves when all have stopped after the signal. */
export async function runControlLoops(options: ControlLoopOptions, signal: AbortSignal): Promise<void> {
  const { clientFor, informerClient, schedulerClient, signer, rootCa, clock, log, metrics, random } = options
  await Promise.all([
    runControllers(
      {
        ...{ clientFor, informerClient, rootCa, clock, log, metrics, random },
        signCertificate: ({ authority, csr, commonName, organizations, dnsNames, ipAddresses, lifetimeSeconds }, until) =>
          signer.issueCertificate({ authority, csr, commonName, organizations, dnsNames, ipAddresses, lifetimeSeconds }, until),
      },
      signal,
    ),
    runScheduler({ client: schedulerClient, clock, log: log.with({ component: 'scheduler' }), random }, signal),
  ])
}
