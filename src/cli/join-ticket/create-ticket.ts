// `bulkhead join-ticket create`: a one-time ticket for one node, printed once.
import { maxTicketSeconds } from '../../access/credentials/join-ticket.ts'
import { ApiError } from '../../api/status.ts'
import { settingChecks } from '../../base/config/config.ts'
import { UserError } from '../../base/user-error.ts'
import { Client } from '../../client/client.ts'
import { type FoundKubeconfig, findKubeconfig } from '../connection/find-kubeconfig.ts'
import { noAnswer, reachCluster } from '../connection/reach-cluster.ts'
import { authorityDigest } from '../join/server-authority.ts'
import { issueTickets } from '../up/issue-tickets.ts'
import { reachableServer, refuseLiveNode } from './reachable-server.ts'

const answerMs = 30_000

export interface TicketFlags {
  readonly node: string
  /** The URL for the machine that joins; default: the advertised address. */
  readonly server?: string
  readonly dataDir?: string
  readonly kubeconfig?: string
}

/** Only the line to paste goes to stdout, so that it can be piped; the explanation goes to stderr. */
export interface TicketOutput {
  ticket(text: string): void
  note(text: string): void
}

export async function createNodeTicket(flags: TicketFlags, output: TicketOutput): Promise<void> {
  if (!settingChecks.nodeName.accepts(flags.node))
    throw new UserError(`--node must be ${settingChecks.nodeName.expected}, got "${flags.node}"`)
  const found = await findKubeconfig(flags)
  const server = await withClient(found, async client => {
    await refuseLiveNode(client, flags.node, AbortSignal.timeout(answerMs))
    return flags.server ?? (await reachableServer(client, found.config.server, AbortSignal.timeout(answerMs)))
  })
  const [issued] = await issue(found, flags.node)
  if (issued === undefined) throw new Error('no ticket was created')
  output.ticket(`npx bulkhead join ${server} --ticket ${issued.token} --ca-digest ${authorityDigest(found.config.ca)}`)
  output.note(
    `Run this line as root on the machine that becomes node "${flags.node}". The ticket lets it join once within ${maxTicketSeconds / 60} minutes. It is not shown again, because only its hash is stored.`,
  )
}

async function withClient<T>(found: FoundKubeconfig, act: (client: Client) => Promise<T>): Promise<T> {
  await using transport = reachCluster(found, 'bulkhead-join-ticket')
  return await act(new Client(transport))
}

async function issue(found: FoundKubeconfig, node: string) {
  const { server, ca, certificate, key } = found.config
  if (certificate === undefined || key === undefined)
    throw new UserError("The kubeconfig has no client certificate: pass the administrator's kubeconfig with --kubeconfig")
  try {
    return await issueTickets(server, { ca, certificate, key }, [node])
  } catch (err) {
    if (err instanceof ApiError) throw new UserError(`Cannot create a join ticket at ${server}: ${err.message}`, { cause: err })
    throw new UserError(noAnswer(found, err), { cause: err })
  }
}
