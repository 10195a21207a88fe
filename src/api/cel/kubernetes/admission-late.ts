// The compiler of admission expressions, in its own file, which is loaded with the first expression.
export { compileAdmission } from './admission.ts'
