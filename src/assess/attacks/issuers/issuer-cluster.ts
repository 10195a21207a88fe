// A second API server of the same build, which trusts issuers and a token webhook of the proof, and bootstrap tokens: the attacked cluster's own configuration stays as it is.
import { writeFile } from 'node:fs/promises'
import { writeJson } from '../../../base/write-json.ts'
import type { ClusterMachine, IssuerSettings, StartedCluster } from '../../proof.ts'
import { apiServerOnly } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'

/** Undefined where no cluster can be started. */
export async function startIssuerCluster(
  startWith: ClusterMachine['startWith'],
  clusters: ScratchClusters | undefined,
  settings: IssuerSettings,
  signal: AbortSignal,
): Promise<StartedCluster | undefined> {
  if (startWith !== undefined) return startWith(settings, signal)
  if (clusters === undefined) return undefined
  await using stack = new AsyncDisposableStack()
  const scratch = stack.use(await clusters.open(signal))
  const file = async (name: string, content: object): Promise<string> => {
    const path = `${scratch.directory}-${name}`
    await writeFile(path, writeJson(content), { mode: 0o644 })
    return path
  }
  const start = await scratch.serve(
    [
      apiServerOnly,
      '--authentication-config-file',
      await file('authentication.json', settings.authentication),
      '--authentication-token-webhook-config-file',
      await file('token-webhook.json', settings.tokenWebhook),
      '--authentication-token-webhook-cache-ttl',
      '0s',
      '--enable-bootstrap-token-auth',
    ],
    signal,
  )
  const kept = stack.move()
  return { endpoint: start.endpoint, transport: start.transport, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
