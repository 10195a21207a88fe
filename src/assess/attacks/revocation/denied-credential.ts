// An entry of the deny list for the time of one attempt. Its value names a credential or user of the proof, so that nobody else is concerned.
import { deniedCredentials } from '../../../api/credentials/denied-credentials-names.ts'
import { configMaps } from '../../../client/resources.ts'
import type { ProofContext } from '../../proof.ts'

const cleanUpMs = 30_000
const merge = { type: 'merge' } as const

export interface Denial extends AsyncDisposable {
  /** Milliseconds that the write took: what a request takes on this machine now. */
  readonly tookMs: number
}

/** `denial` is `<kind>:<value>`; `key` begins with the name of the proof's namespace. */
export async function denied({ client, clock }: ProofContext, key: string, denial: string, signal: AbortSignal): Promise<Denial> {
  const { namespace, name } = deniedCredentials
  const write = (value: string | null, until: AbortSignal) =>
    client.patch(configMaps, namespace, name, { data: { [key]: value } }, merge, until)
  const began = clock.now()
  await write(denial, signal)
  return {
    tookMs: clock.now() - began,
    async [Symbol.asyncDispose]() {
      await write(null, AbortSignal.timeout(cleanUpMs))
    },
  }
}
