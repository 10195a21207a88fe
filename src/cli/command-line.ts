// From the words of a command line to a command. Words that are not understood are answered with what is wrong and what would be accepted.
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
import { failureCode } from './run-command.ts'
import { bulkheadVersion } from './version.ts'

const routes = buildRouteMap({
  routes: commands,
  docs: { brief: 'A secure-by-default Kubernetes', hideRoute: hiddenCommands },
})

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

/** Resolves when the command has ended, with its exit code in `process.exitCode`. */
export async function runCommandLine(words: readonly string[], process: StricliProcess): Promise<void> {
  await run(app, words, { process })
  // The library's own codes, for words that it did not understand, are below 0: a shell would see 251 and the like.
  if (typeof process.exitCode !== 'number' || process.exitCode >= 0) return
  const { command, known } = calledCommand(words)
  process.exitCode = failureCode(command[0])
  const help = `"${['bulkhead', ...command, '--help'].join(' ')}"`
  process.stderr.write(known.length === 0 ? `${help} shows what it takes\n` : `Known are ${known.join(', ')}; ${help} shows what they do\n`)
}

/** The command that the words begin with, and the commands of which one must follow. */
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

function wrongArgument(err: ArgumentScannerError): string {
  return formatMessageForArgumentScannerError(err, {
    FlagNotFoundError: ({ input, corrections }) =>
      `Unknown flag "--${input}"${corrections.length === 0 ? '' : `, did you mean ${corrections.map(flag => `--${flag}`).join(' or ')}?`}`,
    AliasNotFoundError: ({ input }) => `Unknown flag "-${input}"`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: flag, input, exception }) =>
      `--${flag} is "${input}": ${exception instanceof Error ? exception.message : String(exception)}`,
    EnumValidationError: ({ externalFlagName, input, values }) => `--${externalFlagName} is "${input}", wanted is ${values.join(', ')}`,
    UnsatisfiedFlagError: ({ externalFlagName }) => `--${externalFlagName} needs a value`,
    UnexpectedFlagError: ({ externalFlagName, input, previousInput }) =>
      `--${externalFlagName} is given twice, as "${previousInput}" and "${input}": give it once`,
    UnexpectedPositionalError: ({ input }) => `Unexpected argument "${input}"`,
    UnsatisfiedPositionalError: ({ placeholder }) => `${placeholder} is missing`,
  })
}
