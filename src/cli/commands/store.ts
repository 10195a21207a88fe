import { buildCommand, buildRouteMap } from '@stricli/core'
import { dataDirFlag, optionalText } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import type { CopyFlags } from '../store/copy-store.ts'
import { runCommand } from '../terminal/run-command.ts'

const copyParsed = buildCommand({
  func: (flags: CopyFlags) =>
    runCommand(async () => {
      const { copyStore } = await import('../store/copy-store.ts')
      await copyStore(flags, text => process.stdout.write(`${text}\n`))
    }),
  parameters: {
    flags: {
      from: { kind: 'enum', values: ['sqlite', 'etcd'], brief: 'Where the objects are' },
      to: { kind: 'enum', values: ['sqlite', 'etcd'], brief: 'Where they go; must be empty' },
      dataDir: dataDirFlag,
      etcdServers: { ...optionalText, brief: 'Members of etcd', placeholder: 'https://HOST:PORT,…' },
      etcdCa: { ...optionalText, brief: 'Certificate of the authority of etcd', placeholder: 'FILE' },
      etcdCert: { ...optionalText, brief: 'Certificate of this client of etcd', placeholder: 'FILE' },
      etcdKey: { ...optionalText, brief: 'Its private key', placeholder: 'FILE' },
    },
  },
  docs: { brief: 'Move a stopped cluster between the data directory and etcd' },
})

const copyCommand = withHelp(copyParsed, {
  usage: '--from sqlite|etcd --to sqlite|etcd [flags]',
  examples: [['bulkhead store copy --from sqlite --to etcd …', 'with the flags of etcd, as "bulkhead up --store etcd"']],
})

const commands = buildRouteMap({
  routes: { copy: copyCommand },
  docs: { brief: 'Move the objects of a stopped cluster to another store' },
})

/** Work on the store of a stopped cluster. */
export const storeCommand = withCommandList(commands, [['bulkhead store copy --from sqlite --to etcd …', 'all objects, checked by digest']])
