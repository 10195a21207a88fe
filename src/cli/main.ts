// The command line. Each command is one file in commands/; its code is loaded when it is called.
import { buildApplication, buildRouteMap, run } from '@stricli/core'
import { codeOf } from '../base/user-error.ts'
import { commands, hiddenCommands } from './commands/index.ts'
import { bulkheadVersion } from './version.ts'

const app = buildApplication(
  buildRouteMap({
    routes: commands,
    docs: { brief: 'A secure-by-default Kubernetes', hideRoute: hiddenCommands },
  }),
  {
    name: 'bulkhead',
    versionInfo: { currentVersion: bulkheadVersion },
    scanner: { caseStyle: 'allow-kebab-for-camel' },
    documentation: { useAliasInUsageLine: true },
  },
)

// Whoever reads the output may have enough of it (`| head`).
process.stdout.on('error', err => {
  if (codeOf(err) !== 'EPIPE') throw err
  process.exit()
})
await run(app, process.argv.slice(2), { process })
// A pipe takes what is written piece by piece, and exiting drops the rest.
await Promise.all([process.stdout, process.stderr].map(stream => new Promise(resolve => stream.write('', resolve))))
// Sockets that are kept for reuse must not hold a finished command.
process.exit()
