// The command line. Each command is one file in commands/; its code is loaded when it is called.
import { buildApplication, buildRouteMap, run } from '@stricli/core'
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

await run(app, process.argv.slice(2), { process })
// Sockets that are kept for reuse must not hold a finished command.
process.exit()
