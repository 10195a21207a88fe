import { buildCommand, buildRouteMap } from '@stricli/core'
import type { TicketFlags } from '../join-ticket/create-ticket.ts'
import { runCommand } from '../run-command.ts'

const optionalText = { kind: 'parsed', parse: String, optional: true } as const

const createCommand = buildCommand({
  func: (flags: TicketFlags) =>
    runCommand(async () => {
      const { createNodeTicket } = await import('../join-ticket/create-ticket.ts')
      await createNodeTicket(flags, {
        ticket: text => process.stdout.write(`${text}\n`),
        note: text => process.stderr.write(`${text}\n`),
      })
    }),
  parameters: {
    flags: {
      node: { kind: 'parsed', parse: String, brief: 'The name of the node that may join with it', placeholder: 'NAME' },
      dataDir: { ...optionalText, brief: 'The data directory of the cluster, as given to "bulkhead up"', placeholder: 'DIR' },
      kubeconfig: {
        ...optionalText,
        brief: "An administrator's kubeconfig (default: that of --data-dir, else KUBECONFIG, else that of the data directory)",
        placeholder: 'FILE',
      },
    },
  },
  docs: { brief: 'Make a one-time ticket with which one node may join' },
})

/** Tickets for nodes. */
export const joinTicketCommand = buildRouteMap({
  routes: { create: createCommand },
  docs: { brief: 'One-time tickets with which nodes join' },
})
