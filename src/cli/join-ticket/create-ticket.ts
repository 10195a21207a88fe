// `bulkhead join-ticket create`: a one-time ticket for one node, printed once.
import { maxTicketSeconds } from '../../access/join-ticket.ts'
import { settingChecks } from '../../base/config.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import type { Kubeconfig } from '../../client/kubeconfig.ts'
import { findDataDirectory, findKubeconfig } from '../prove/find-cluster.ts'
import { issueTickets } from '../up/issue-tickets.ts'

export interface TicketFlags {
  readonly node: string
  readonly dataDir?: string
  readonly kubeconfig?: string
}

/** The ticket goes to stdout alone, so that it can be piped; what it is goes to stderr. */
export interface TicketOutput {
  ticket(text: string): void
  note(text: string): void
}

export async function createNodeTicket(flags: TicketFlags, output: TicketOutput): Promise<void> {
  if (!settingChecks.nodeName.accepts(flags.node))
    throw new UserError(`--node is "${flags.node}", wanted is ${settingChecks.nodeName.expected}`)
  const config = await findKubeconfig(findDataDirectory(flags.dataDir), flags.kubeconfig)
  const [issued] = await issue(config, flags.node)
  if (issued === undefined) throw new Error('no ticket was made')
  output.ticket(issued.token)
  output.note(
    `This ticket lets node "${flags.node}" join ${config.server} once within ${maxTicketSeconds / 60} minutes. It is not shown again: only its hash is stored.`,
  )
}

async function issue({ server, ca, certificate, key }: Kubeconfig, node: string) {
  if (certificate === undefined || key === undefined)
    throw new UserError("The kubeconfig has no client certificate: give the administrator's with --kubeconfig")
  try {
    return await issueTickets(server, { ca, certificate, key }, [node])
  } catch (err) {
    throw new UserError(`Cannot make a join ticket at ${server}: ${messageOf(err)}`, { cause: err })
  }
}
