// The process that runs Debian's docker-registry: it parses what strangers push, so it has no identity, no key and no port.
import { systemClock } from '../../base/clock.ts'
import { runDockerRegistry } from '../../registry/run-docker-registry.ts'
import { runPart } from './part-process.ts'

export interface RegistryStoreSettings {
  readonly program: string
  readonly directory: string
  readonly socket: string
  readonly secret: string
  /** PEM of the certificate whose key signs the requests that it serves. */
  readonly front: string
}

export const registryStorePart = (): Promise<void> =>
  runPart<RegistryStoreSettings>('registry-store', async ({ settings, log, signal, ready }) => {
    await runDockerRegistry({ ...settings, clock: systemClock, log, onReady: () => ready() }, signal)
  })
