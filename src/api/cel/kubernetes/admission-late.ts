// The compiler of admission's expressions, in a file of its own that is loaded with the first expression.
export { compileAdmission } from './admission.ts'
