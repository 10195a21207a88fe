import { buildCommand, buildRouteMap } from '@stricli/core'
import { withCommandList, withHelp } from '../help.ts'
import type { TicketFlags } from '../join-ticket/create-ticket.ts'
import { runCommand } from '../terminal/run-command.ts'

const optionalText = { kind: 'parsed', parse: String, optional: true } as const

const createParsed = buildCommand({
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
      node: { kind: 'parsed', parse: String, brief: 'Name of the node that may join', placeholder: 'NAME' },
      server: { ...optionalText, brief: 'URL of the API server for that machine (default: the advertised one)', placeholder: 'URL' },
      dataDir: { ...optionalText, brief: 'Data directory of the cluster, as for "bulkhead up"', placeholder: 'DIR' },
      kubeconfig: {
        ...optionalText,
        brief: 'kubeconfig of an administrator (default: of --data-dir or KUBECONFIG)',
        placeholder: 'FILE',
      },
    },
  },
  docs: { brief: 'Create a one-time ticket with which a node can join' },
})

const createCommand = withHelp(createParsed, {
  usage: '[flags] --node NAME',
  examples: [['bulkhead join-ticket create --node worker-1', 'prints the ticket; it is not shown again']],
})

const commands = buildRouteMap({
  routes: { create: createCommand },
  docs: { brief: 'Create one-time tickets with which nodes join' },
})

/** Tickets for nodes. */
export const joinTicketCommand = withCommandList(commands, [['bulkhead join-ticket create --node worker-1', 'a ticket for one node']])
