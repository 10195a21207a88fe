// The functions and macros that every environment has.

import type { Library } from '../functions/function.ts'
import { standardMacros } from '../syntax/macro.ts'
import { conversions } from './conversions.ts'
import { operators } from './operators.ts'
import { text } from './text.ts'
import { times } from './times.ts'

export const standardLibrary: Library = { functions: [...operators, ...conversions, ...text, ...times], macros: standardMacros }
