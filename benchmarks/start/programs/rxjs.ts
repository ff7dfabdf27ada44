import { Subject } from "rxjs";
import { tellDelivered } from "./tell-delivered.ts";

const subject = new Subject<number>();
subject.subscribe(tellDelivered);
subject.next(1);
