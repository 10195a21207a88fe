// What the API server says of its own health: a server whose store has failed still answers reads, and looks well to whoever only reads.
import { ask } from '../../assess/ask.ts'
import type { Transport } from '../../client/transport.ts'

/** One sentence for each check of readiness that fails; an answer of 200 has none. */
export async function failedChecks(transport: Transport, signal: AbortSignal): Promise<string[]> {
  const { status, text } = await ask(transport, { method: 'GET', path: '/readyz' }, signal)
  if (status === 200) return []
  return [...text.matchAll(/^\[-\](\S+) failed/gm)].map(
    ([, name = '']) => sentences[name] ?? `The API server is not ready: its check "${name}" fails`,
  )
}

const sentences: Readonly<Record<string, string>> = {
  store:
    'The store has failed: writes are refused until Bulkhead is restarted, and reads go on. The log of the server names the file and the cause; mend that first',
}
