import collections, time
import tests.batches.test_state_machine as m
C=collections.Counter(); T=collections.Counter()
orig=m.Batches.teardown
def td(self):
    C['examples']+=1
    try: orig(self)
    finally:
        for r in self.world.fetch("select type, count(*) from events group by 1"): C[r[0]]+=r[1]
        for r in self.world.fetch("select error_code, count(*) from jobs group by 1"): C[r[0]]+=r[1]
        for r in self.world.fetch("select 'b.'||status||coalesce(status_reason,''), count(*) from batches group by 1"): C[r[0]]+=r[1]
        for r in self.world.fetch("select 'rel.'||relation, count(*) from batches group by 1"): C[r[0]]+=r[1]
        for r in self.world.fetch("select 'fail+clean', count(*) from (select job_id from job_steps where position=2 and status='completed' intersect select id from jobs where status='failed') x group by 1"): C[r[0]]+=r[1]
m.Batches.teardown=td
for n in ('write','write_late','retry_failed','reap','crash','claim','drain','check','resume','steer','retry_failed','restart','write_late','submit','pause'):
    for cls in (m.Batches, m.World):
        if n in vars(cls):
            def wrap(f,n=cls.__name__+'.'+n):
                import functools
                @functools.wraps(f)
                def g(*a,**k):
                    C['call '+n]+=1; t=time.perf_counter()
                    try: return f(*a,**k)
                    finally: T[n]+=time.perf_counter()-t
                return g
            f=vars(cls)[n]
            setattr(cls,n,wrap(f))
for n in ('reset','broken','ended','batches','claim'):
    f=vars(m.World)[n]; setattr(m.World,n,wrap(f,'World.'+n))
test_any_order_of_events_keeps_the_rows_true=m.test_any_order_of_events_keeps_the_rows_true
world=m.world
def test_zz():
    for k,v in sorted(C.items(), key=str): print(k,v)
    for k,v in T.most_common(): print(k, round(v,2), C['call '+k])
