// All output formats; the default is the first.
import { github } from './github.ts'
import { json } from './json.ts'
import { junit } from './junit.ts'
import type { Output } from './output.ts'
import { sarif } from './sarif.ts'
import { text } from './text.ts'

export const outputs: readonly Output[] = [text, json, sarif, junit, github]
