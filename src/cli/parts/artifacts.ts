// The process of the part `artifacts`: it reads what registries and strangers wrote, so it has one identity, no key, and no right but on
// the kinds of the supply chain. The API server asks it over its socket.
import { join } from 'node:path'
import { httpsRegistries } from '../../artifacts/https-registries.ts'
import { runArtifacts } from '../../artifacts/run-artifacts.ts'
import { serveArtifacts } from '../../artifacts/serve-artifacts.ts'
import { signatureVerifier } from '../../artifacts/signature-verifier.ts'
import { openTrustMemory } from '../../artifacts/trust/disk-trust-memory.ts'
import { systemClock } from '../../base/clock.ts'
import { Client } from '../../client/client.ts'
import { createHttpTransport } from '../../client/transport/http-transport.ts'
import type { ClientIdentity } from '../../cluster/client-identity.ts'
import { runPart } from './part-process.ts'

export interface ArtifactsSettings {
  readonly server: string
  readonly ca: string
  readonly identity: ClientIdentity
  /** Belongs to this part. */
  readonly directory: string
  /** Its folder belongs to this part and to the group of the API server, which alone may connect. */
  readonly socket: string
}

export const artifactsPart = (): Promise<void> =>
  runPart<ArtifactsSettings>('artifacts', async ({ settings, log, signal, ready }) => {
    const { server, ca, identity, socket, directory } = settings
    await using stack = new AsyncDisposableStack()
    const transport = stack.use(createHttpTransport({ server, ca, ...identity, userAgent: 'bulkhead-artifacts' }))
    const registries = stack.use(httpsRegistries({ clock: systemClock }))
    const options = {
      client: new Client(transport),
      registries,
      verifier: signatureVerifier,
      trustMemory: await openTrustMemory(join(directory, 'trust'), log),
      ...{ clock: systemClock, log, random: Math.random },
    }
    await runArtifacts(options, signal, async authority => {
      stack.use(await serveArtifacts({ authority, socket: { path: socket, groupMayConnect: true }, log }))
      ready()
    })
  })
