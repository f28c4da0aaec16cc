export { AccessModule } from './access.module.js';
export { AccessPassword, checkPassword } from './access-password.js';
export { PasswordUnusableError } from './access.errors.js';
