// The failed readiness checks of the API server. A server whose store has failed still answers reads, so it can look healthy.
import { request } from '../../assess/request.ts'
import type { Transport } from '../../client/transport/transport.ts'

/** One sentence for each failed readiness check; none for an answer of 200. */
export async function failedChecks(transport: Transport, signal: AbortSignal): Promise<string[]> {
  const { status, text } = await request(transport, { method: 'GET', path: '/readyz' }, signal)
  if (status === 200) return []
  return [...text.matchAll(/^\[-\](\S+) failed/gm)].map(
    ([, name = '']) => sentences[name] ?? `The API server is not ready: its check "${name}" fails`,
  )
}

const sentences: Readonly<Record<string, string>> = {
  store:
    'The store has failed: the API server restarts and reads the stored objects again. If this repeats, see the file and the cause in the log of the server',
  'store-sync':
    'The disk of the store does not respond (a sync takes more than 5 seconds): writes are refused until it does, and reads still work. Check the disk and the kernel log',
  'store-space':
    'No space is left for the store: writes that do not fit are refused, and reads still work. Free space on the disk of the data directory',
  signer:
    'The signer does not answer: no tokens or certificates are issued until it does. "bulkhead status" shows whether its process runs; its log has the cause',
  'audit-log':
    'The audit log cannot be written: writes are refused, and reads still work. The log of the server names the file and the cause; the server retries every second',
}
