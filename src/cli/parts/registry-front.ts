// The process of the registry's front: it holds the registry's TLS key, and may ask the API one question. What is pushed is in another
// process; what it keeps of other registries is here.
import { join } from 'node:path'
import { httpsRegistries } from '../../artifacts/https-registries.ts'
import type { Registries } from '../../artifacts/image-verifier.ts'
import { systemClock } from '../../base/clock.ts'
import { Client } from '../../client/client.ts'
import { FollowedMirrors } from '../../client/followed-mirrors.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import type { ClientIdentity } from '../../cluster/client-identity.ts'
import { openFront } from '../../registry/front.ts'
import { KeptContent } from '../../registry/pull-through/kept-content.ts'
import { KnownNames } from '../../registry/pull-through/known-names.ts'
import { type OtherRegistries, PullThrough } from '../../registry/pull-through/pull-through.ts'
import { isStored } from '../../registry/recount.ts'
import { apiRepositoryAccess } from '../../registry/repository-access.ts'
import { RequestRates } from '../../registry/request-rates.ts'
import { StoredContent } from '../../registry/stored-content.ts'
import { Upstream } from '../../registry/upstream.ts'
import { upstreamTokens } from '../../registry/upstream-token.ts'
import { runPart } from './part-process.ts'
import { waitFor } from './wait-for.ts'

export interface RegistryFrontSettings {
  readonly server: string
  readonly ca: string
  /** With which it asks the API. */
  readonly identity: ClientIdentity
  /** With which it serves. */
  readonly serving: ClientIdentity
  readonly hosts: readonly string[]
  readonly port: number
  readonly directory: string
  /** Of the part `registry-store`. */
  readonly socket: string
}

export const registryFrontPart = (): Promise<void> =>
  runPart<RegistryFrontSettings>('registry-front', async ({ settings, log, signal, ready }) => {
    const { server, ca, identity, serving, hosts, port, directory, socket } = settings
    const clock = systemClock
    await using stack = new AsyncDisposableStack()
    const transport = stack.use(createHttpTransport({ server, ca, ...identity, userAgent: 'bulkhead-registry' }))
    const sign = upstreamTokens(serving.key)
    const upstream = stack.use(new Upstream({ socket, token: access => sign(access, clock.now()) }))
    const stored = await StoredContent.open(join(directory, 'stored.jsonl'))
    const client = new Client(transport)
    const mirrors = new FollowedMirrors({ client, clock, log, random: Math.random })
    const through = new PullThrough({
      ...{ mirrors, clock, log },
      registries: otherRegistries(mirrors, stack.use(httpsRegistries({ clock, mirrors }))),
      content: await KeptContent.open(join(directory, 'kept')),
      names: await KnownNames.open(join(directory, 'kept-names')),
    })
    const following = mirrors.run(signal)
    // Before that, a repository of another registry would be taken for one of the cluster.
    await mirrors.synced(signal)
    const front = stack.use(
      await openFront({
        access: apiRepositoryAccess(client),
        through,
        rates: new RequestRates(),
        ...{ upstream, stored, hosts, port, clock, log },
        ...{ certificate: serving.certificate, key: serving.key },
      }),
    )
    ready({ port: front.port })
    await stored
      .recount(entry => isStored(entry, upstream, signal))
      .catch((err: unknown) => {
        if (!signal.aborted) log.error('cannot recount what the registry stores', { err })
      })
    await Promise.all([waitFor(signal), following])
  })

/** The registry itself gets its entry among the credentials of mirrors, if there is one: such as an account at Docker Hub. */
const otherRegistries = (mirrors: FollowedMirrors, registries: Required<Registries>): OtherRegistries => ({
  open(registry, repository) {
    const credentials = mirrors.credentials({ host: registry, path: repository })
    return registries.open(`${registry}/${repository}`, credentials === undefined ? [] : [{ location: registry, ...credentials }])
  },
  tags: (registry, repository, signal) => registries.tags(`${registry}/${repository}`, [], signal),
})
