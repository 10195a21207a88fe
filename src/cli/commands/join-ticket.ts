import { buildCommand, buildRouteMap } from '@stricli/core'
import { dataDirFlag, optionalText } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import type { TicketFlags } from '../join-ticket/create-ticket.ts'
import { runCommand } from '../terminal/run-command.ts'

async function admit({ node, server, dataDir }: TicketFlags): Promise<void> {
  const [{ admitMachine }, { findDataDirectory }, { stopSignal }] = await Promise.all([
    import('../control-plane/admit-machine.ts'),
    import('../connection/find-cluster.ts'),
    import('../up/stop-signal.ts'),
  ])
  const output = {
    ticket: (text: string) => process.stdout.write(`${text}\n`),
    note: (text: string) => process.stderr.write(`${text}\n`),
  }
  const named = { node, dataDir: findDataDirectory(dataDir).path, ...(server === undefined ? {} : { server }) }
  await admitMachine(named, output, stopSignal())
}

const createParsed = buildCommand({
  func: ({ controlPlane, ...flags }: TicketFlags & { readonly controlPlane?: boolean }) =>
    runCommand(async () => {
      if (controlPlane === true) return await admit(flags)
      const { createNodeTicket } = await import('../join-ticket/create-ticket.ts')
      await createNodeTicket(flags, {
        ticket: text => process.stdout.write(`${text}\n`),
        note: text => process.stderr.write(`${text}\n`),
      })
    }),
  parameters: {
    flags: {
      node: { kind: 'parsed', parse: String, brief: 'Name of the node that may join', placeholder: 'NAME' },
      controlPlane: {
        kind: 'boolean',
        brief: 'That machine joins the control plane, and gets all keys of the cluster',
        optional: true,
        withNegated: false,
      },
      server: { ...optionalText, brief: 'URL of the API server for that machine (default: the advertised one)', placeholder: 'URL' },
      dataDir: dataDirFlag,
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
  examples: [
    ['bulkhead join-ticket create --node worker-1', 'prints the ticket; it is not shown again'],
    ['sudo bulkhead join-ticket create --node m2 --control-plane', 'waits for the machine, and gives it the keys'],
  ],
})

const commands = buildRouteMap({
  routes: { create: createCommand },
  docs: { brief: 'Create one-time tickets with which nodes join' },
})

/** Tickets for nodes. */
export const joinTicketCommand = withCommandList(commands, [['bulkhead join-ticket create --node worker-1', 'a ticket for one node']])
