// The process of the controllers and the scheduler. Each has its own connection and certificate.

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { keepRenewed, validityOf } from '../../base/async/renewal.ts'
import { systemClock } from '../../base/clock.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import { Client } from '../../client/client.ts'
import { createHttpTransport, type HttpTransport } from '../../client/transport/http-transport.ts'
import { accountName, accountOrganizations, type ClientIdentity, issueIdentity } from '../../cluster/client-identity.ts'
import { runControlLoops } from '../../cluster/control-loops.ts'
import type { ControllerChoice } from '../../controllers/controller.ts'
import { controllersOf } from '../../controllers/index.ts'
import { connectSigner } from '../../signer/connect.ts'
import { runPart } from './part-process.ts'
import { untilAdmissible } from './wait-for-admission.ts'

export interface ControllersSettings {
  readonly signerSocket: string
  readonly server: string
  readonly choice: ControllerChoice
  /** Whether other machines may run controllers of this cluster. */
  readonly elects: boolean
}

const lifetimeSeconds = 30 * 86_400
const manager = 'system:kube-controller-manager'
const schedulerName = 'system:kube-scheduler'

export const controllersPart = (): Promise<void> =>
  runPart<ControllersSettings>('controllers', async ({ settings, log, signal, mayBegin, ready }) => {
    const clock = systemClock
    await using stack = new AsyncDisposableStack()
    const signer = stack.use(connectSigner(settings.signerSocket, { clock, log }))
    const rootCa = await signer.authority('serving', signal)
    const issue = (commonName: string): Promise<ClientIdentity> =>
      issueIdentity(
        signer,
        commonName,
        commonName === manager || commonName === schedulerName ? [] : accountOrganizations,
        lifetimeSeconds,
        signal,
      )
    const controllers = controllersOf(settings.choice)
    const names = [...new Set([manager, schedulerName, ...controllers.map(({ identity }) => accountName(identity.account))])]
    const identities = new Map(await Promise.all(names.map(async name => [name, await issue(name)] as const)))
    const identityOf = (name: string): ClientIdentity => {
      const found = identities.get(name)
      if (found === undefined) throw new Error(`no certificate for "${name}"`)
      return found
    }
    const transports = new Map<string, HttpTransport>()
    const clients = new Map<string, Client>()
    const clientOf = (name: string): Client => {
      const known = clients.get(name)
      if (known) return known
      const userAgent = `bulkhead-controllers/${name}`
      const transport = stack.use(createHttpTransport({ server: settings.server, ca: rootCa, identity: () => identityOf(name), userAgent }))
      const client = new Client(transport)
      transports.set(name, transport)
      clients.set(name, client)
      return client
    }
    await mayBegin()
    // Each certificate is renewed at its own time, so that the signer never gets all requests at once.
    const renewals = names.map(name =>
      keepRenewed(
        {
          ...{ name, clock, log, random: Math.random },
          validity: () => validityOf(identityOf(name).certificate),
          renew: async () => {
            identities.set(name, await issue(name))
            transports.get(name)?.reconnect()
          },
        },
        signal,
      ),
    )
    const loops = runControlLoops(
      {
        clientFor: name => clientOf(accountName(name)),
        informerClient: clientOf(manager),
        schedulerClient: clientOf(schedulerName),
        ...{ signer, rootCa, clock, log, metrics: createRegistry(), random: Math.random },
        choice: settings.choice,
        ...(settings.elects ? { leader: `${hostname()}_${randomUUID()}` } : {}),
      },
      signal,
    )
    const begun = async () => {
      try {
        await untilAdmissible(clientOf(manager), clock, signal)
      } catch (err) {
        // The controllers run even without the right to read this.
        log.error('cannot see when the first pod can be created', { err })
      }
      if (!signal.aborted) ready({ controllers: controllers.length })
    }
    await Promise.all([loops, begun(), ...renewals])
  })
