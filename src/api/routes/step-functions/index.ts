/** `GET /step-functions` and `/step-functions/{id}`. */
import { StepFunctionInfo } from '../../../contract/catalogue.ts';
import { ref } from '../../../contract/schema.ts';
import { catalogueRoutes } from '../../catalogue/routes.ts';

export default catalogueRoutes({
  field: 'step_functions',
  noun: 'step function',
  item: ref(StepFunctionInfo),
  operation: 'StepFunction',
  summary: 'What can be attributed, or reported for each token',
  example: 'probability',
});
