// Runs the command that a command line names. For wrong arguments it prints what is wrong and what would be accepted.
import {
  ArgumentScannerError,
  buildApplication,
  buildRouteMap,
  text_en as englishText,
  formatMessageForArgumentScannerError,
  run,
  type StricliProcess,
} from '@stricli/core'
import { commands, hiddenCommands } from './commands/index.ts'
import { withCommandList } from './help.ts'
import { failureCode } from './terminal/run-command.ts'
import { bulkheadVersion } from './terminal/version.ts'

const routes = withCommandList(
  buildRouteMap({ routes: commands, docs: { brief: 'A secure-by-default Kubernetes', hideRoute: hiddenCommands } }),
  [
    ['sudo bulkhead up', 'start a cluster'],
    ['bulkhead status', 'see what runs'],
    ['bulkhead prove', 'attack it and see that its controls hold'],
    ['bulkhead check deploy/', 'check manifests before you apply them'],
  ],
)

const app = buildApplication(routes, {
  name: 'bulkhead',
  versionInfo: { currentVersion: bulkheadVersion },
  scanner: { caseStyle: 'allow-kebab-for-camel' },
  documentation: { useAliasInUsageLine: true },
  localization: {
    text: {
      ...englishText,
      noCommandRegisteredForInput: ({ input }) => `bulkhead: Unknown command "${input}"`,
      exceptionWhileParsingArguments: err => `bulkhead: ${err instanceof ArgumentScannerError ? wrongArgument(err) : String(err)}`,
    },
  },
})

/** Resolves when the command has ended. Its exit code is then in `process.exitCode`. */
export async function runCommandLine(words: readonly string[], process: StricliProcess): Promise<void> {
  await run(app, words, { process })
  // Stricli's own exit codes for arguments that it cannot parse are below 0: a shell would see 251.
  if (typeof process.exitCode !== 'number' || process.exitCode >= 0) return
  const { command, known } = calledCommand(words)
  process.exitCode = failureCode(command[0])
  const help = `"${['bulkhead', ...command, '--help'].join(' ')}"`
  process.stderr.write(known.length === 0 ? `See ${help}\n` : `Commands: ${known.join(', ')}. See ${help}\n`)
}

/** The command that the words begin with, and its subcommands. */
function calledCommand(words: readonly string[]): { readonly command: readonly string[]; readonly known: readonly string[] } {
  const command: string[] = []
  let entries = routes.getAllEntries()
  for (const word of words) {
    const entry = entries.find(({ name }) => name['convert-camel-to-kebab'] === word)
    if (entry === undefined) break
    command.push(word)
    if (!('getAllEntries' in entry.target)) return { command, known: [] }
    entries = entry.target.getAllEntries()
  }
  return { command, known: entries.filter(({ hidden }) => !hidden).map(({ name }) => name['convert-camel-to-kebab']) }
}

const alternatives = (values: readonly string[]): string => `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`

function wrongArgument(err: ArgumentScannerError): string {
  return formatMessageForArgumentScannerError(err, {
    FlagNotFoundError: ({ input, corrections }) =>
      `Unknown flag "--${input}"${corrections.length === 0 ? '' : `, did you mean ${corrections.map(flag => `--${flag}`).join(' or ')}?`}`,
    AliasNotFoundError: ({ input }) => `Unknown flag "-${input}"`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: flag, input, exception }) =>
      `--${flag} ${exception instanceof Error ? exception.message : String(exception)}, got "${input}"`,
    EnumValidationError: ({ externalFlagName, input, values }) => `--${externalFlagName} must be ${alternatives(values)}, got "${input}"`,
    UnsatisfiedFlagError: ({ externalFlagName }) => `--${externalFlagName} needs a value`,
    UnexpectedFlagError: ({ externalFlagName, input, previousInput }) =>
      `--${externalFlagName} must be given only once, got "${previousInput}" and "${input}"`,
    UnexpectedPositionalError: ({ input }) => `Unexpected argument "${input}"`,
    UnsatisfiedPositionalError: ({ placeholder }) => `${placeholder} is missing`,
  })
}
