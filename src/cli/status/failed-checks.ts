// What the API server says of its own health: a server whose store has failed still answers reads, and looks well to whoever only reads.
import { request } from '../../assess/request.ts'
import type { Transport } from '../../client/transport.ts'

/** One sentence for each check of readiness that fails; an answer of 200 has none. */
export async function failedChecks(transport: Transport, signal: AbortSignal): Promise<string[]> {
  const { status, text } = await request(transport, { method: 'GET', path: '/readyz' }, signal)
  if (status === 200) return []
  return [...text.matchAll(/^\[-\](\S+) failed/gm)].map(
    ([, name = '']) => sentences[name] ?? `The API server is not ready: its check "${name}" fails`,
  )
}

const sentences: Readonly<Record<string, string>> = {
  store:
    'The store has failed: the API server ends and is started again, and shows then what is stored. The log of the server names the file and the cause; mend that where it goes on',
  'store-sync':
    'The disk under the store does not answer: writes are refused until it does, and reads go on. A sync has been waiting for more than 5 seconds; look at the disk and at the log of the kernel',
  'store-space':
    'No space is left for the store: writes that do not fit are refused until there is, and reads go on. Free some on the disk of the data directory',
  signer:
    'The signer does not answer: nobody gets tokens or certificates until it does. "bulkhead status" shows whether its process runs, its log says more',
  'audit-log':
    'The audit log cannot be written: writes are refused until it can, and reads go on. The log of the server names the file and the cause; it tries again every second',
}
