// Divides the unit test files among processes: to start one and to load and compile the same modules is half of what most files cost.

/**
 * What concerns the whole process, in the text of a test: its measured memory and time, its umask, folder, user and exit code, its global
 * names, and hooks for all of its tests, which would not wait for one another. Such a file has a process of its own.
 */
const processWide =
  /\bprocess\.(?:memoryUsage|cpuUsage|umask|chdir|exitCode|set(?:e?[ug]id|groups))\b|\bheapUsed\b|\bglobalThis\.\w+ *=[^=]|from 'node:v8'|^(?:before|beforeEach|afterEach)\(/m

/** A collection of all garbage takes as long as the heap is large, and drops compiled code: these files share one process with no others. */
const collecting = /\b(?:retainedBytes|stillHeld|collectGarbage)\(/

export const needsOwnProcess = (source: string): boolean => processWide.test(source)

/**
 * Files by process: at most `shared` groups of files that share one, a group of those that collect garbage, and the others alone. Neighbours go to different groups, since a folder's
 * tests take about as long as one another, and some folders take long. The same files make the same groups on every machine.
 */
export function groupFiles(files: readonly string[], shared: number, read: (file: string) => string): string[][] {
  const sorted = files.toSorted()
  const texts = new Map(sorted.map(file => [file, read(file)]))
  const alone = sorted.filter(file => needsOwnProcess(texts.get(file) ?? ''))
  const collectors = sorted.filter(file => !alone.includes(file) && collecting.test(texts.get(file) ?? ''))
  const others = sorted.filter(file => !alone.includes(file) && !collectors.includes(file))
  const groups = Array.from({ length: shared }, (_, group) => others.filter((_, at) => at % shared === group))
  return [...[...groups, collectors].filter(group => group.length > 0), ...alone.map(file => [file])]
}
