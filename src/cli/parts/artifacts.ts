// The process of the part `artifacts`: it reads what registries and strangers wrote, so it has one identity, no key, and no right but on
// the kinds of the supply chain. The API server asks it over its socket.
import { join } from 'node:path'
import { FindingsThread } from '../../artifacts/findings/findings-thread.ts'
import { VersionMemory, versionFilesLimits } from '../../artifacts/findings/version-memory.ts'
import { httpsRegistries } from '../../artifacts/https-registries.ts'
import { imageFilesLimits } from '../../artifacts/image-memory.ts'
import { KeptFiles } from '../../artifacts/kept-files.ts'
import { runArtifacts } from '../../artifacts/run-artifacts.ts'
import { serveArtifacts } from '../../artifacts/serve-artifacts.ts'
import { signatureVerifier } from '../../artifacts/signature-verifier.ts'
import { openTrustMemory } from '../../artifacts/trust/disk-trust-memory.ts'
import { threadModule } from '../../base/async/thread-queue.ts'
import { systemClock } from '../../base/clock.ts'
import { Client } from '../../client/client.ts'
import { FollowedMirrors } from '../../client/followed-mirrors.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import type { ClientIdentity } from '../../cluster/client-identity.ts'
import type { FindingsWorkerData } from './findings-worker.ts'
import { importFeedApart } from './import-feed-apart.ts'
import { runPart } from './part-process.ts'

export interface ArtifactsSettings {
  readonly server: string
  readonly ca: string
  readonly identity: ClientIdentity
  /** Where it keeps what it knows of images. */
  readonly directory: string
  /** Of imported advisories. */
  readonly advisories: string
  /** Of registries whose authorities the machine does not trust. */
  readonly registryAuthorities: Readonly<Record<string, string>>
  /** Its folder belongs to this part and to the group of the API server, which alone may connect. */
  readonly socket: string
  /** The cluster's own registry: its names in image references, and PEM of its authority. */
  readonly registry: { readonly hosts: readonly string[]; readonly authority: string } | undefined
}

export const artifactsPart = (): Promise<void> =>
  runPart<ArtifactsSettings, ClientIdentity>('artifacts', async ({ settings, log, signal, ready, onChange }) => {
    const { server, ca, socket, directory, advisories, registry, registryAuthorities } = settings
    let { identity } = settings
    await using stack = new AsyncDisposableStack()
    const transport = stack.use(createHttpTransport({ server, ca, identity: () => identity, userAgent: 'bulkhead-artifacts' }))
    const client = new Client(transport)
    const mirrors = new FollowedMirrors({ client, clock: systemClock, log, random: Math.random })
    const registries = stack.use(
      httpsRegistries({
        clock: systemClock,
        own: registry,
        mirrors,
        authoritiesOf: host => (Object.hasOwn(registryAuthorities, host) ? registryAuthorities[host] : undefined),
      }),
    )
    const fetched = join(directory, 'advisories')
    const data: FindingsWorkerData = { folder: join(directory, 'software'), advisories: [advisories, fetched] }
    const findings = stack.use(new FindingsThread(threadModule('findings-worker', import.meta.url), data))
    const options = {
      client,
      registries,
      onMirrorsChange: (handler: () => void) => mirrors.onChange(handler),
      verifier: signatureVerifier,
      imageFiles: new KeptFiles(join(directory, 'images'), imageFilesLimits),
      trustMemory: await openTrustMemory(join(directory, 'trust'), log),
      software: {
        versions: new VersionMemory({ files: new KeptFiles(join(directory, 'versions'), versionFilesLimits), log }),
        ...{ findings, scratch: join(directory, 'scratch'), advisories: data.advisories, fetched, importFeed: importFeedApart },
      },
      ...{ clock: systemClock, log, random: Math.random },
    }
    const following = mirrors.run(signal)
    const running = runArtifacts(options, signal, async authority => {
      // Before that, a registry that must not be contacted would be.
      await mirrors.synced(signal)
      stack.use(await serveArtifacts({ authority, socket: { path: socket, groupMayConnect: true }, log }))
      ready()
      onChange(renewed => {
        identity = renewed
        transport.reconnect()
        return {}
      })
    })
    // Without the thread the part would answer for ever that it does not know: it ends, and is started again.
    await Promise.race([Promise.all([running, following]), findings.failure])
  })
