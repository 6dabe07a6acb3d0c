//! Arguments that are arrays: how many elements there are is known before any of them is read.

use pgrx::callconv::{Arg, ArgAbi};
use pgrx::datum::FromDatum;
use pgrx::nullable::Nullable;
use pgrx::pg_sys;
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, Returns, ReturnsError, SqlMapping, SqlTranslatable,
};
use std::marker::PhantomData;

use crate::core::{StateResult, limits};

/// An array argument, untouched but for its header.
#[derive(Clone, Copy)]
pub struct ArrayArg<'a, T> {
    datum: pg_sys::Datum,
    count: usize,
    elements: PhantomData<&'a [T]>,
}

impl<T: FromDatum> ArrayArg<'_, T> {
    /// How many elements it has, whatever its dimensions.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Its elements; refuses more than `most`, before any is read.
    pub fn read(&self, argument: &str, most: usize) -> StateResult<Vec<Option<T>>> {
        limits::elements(argument, self.count, most)?;
        // SAFETY: the datum is an array of the declared type, alive during the call; what detoasting and
        // deconstructing make lies in the call's memory context, and each element is of the array's type.
        Ok(unsafe {
            let array = pg_sys::pg_detoast_datum(self.datum.cast_mut_ptr());
            let array = array.cast::<pg_sys::ArrayType>();
            let element = (*array).elemtype;
            let (mut length, mut by_value, mut align) = (0, false, 0);
            pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align);
            let (mut datums, mut nulls) = (std::ptr::null_mut(), std::ptr::null_mut());
            let mut count = 0;
            pg_sys::deconstruct_array(
                array,
                element,
                length.into(),
                by_value,
                align,
                &mut datums,
                &mut nulls,
                &mut count,
            );
            let of = |at: usize| (*datums.add(at), *nulls.add(at));
            let all = (0..usize::try_from(count).unwrap_or_default()).map(of);
            all.map(|(datum, is_null)| T::from_polymorphic_datum(datum, is_null, element))
                .collect()
        })
    }
}

/// Bytes of an array's header behind the length: three numbers, and two for each of at most six dimensions.
const HEADER: i32 = 12 + 4 * 2 * pg_sys::MAXDIM as i32;

impl<T> FromDatum for ArrayArg<'_, T> {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        _: pg_sys::Oid,
    ) -> Option<Self> {
        if is_null {
            return None;
        }
        // SAFETY: pgrx hands over an array, alive during the call. The slice is a copy with the whole header, aligned,
        // and the dimensions follow its fixed part; the server raises when they are more than an array may have.
        let count = unsafe {
            let header = pg_sys::pg_detoast_datum_slice(datum.cast_mut_ptr(), 0, HEADER);
            let array = header.cast::<pg_sys::ArrayType>();
            let count = pg_sys::ArrayGetNItems((*array).ndim, array.add(1).cast());
            pg_sys::pfree(header.cast());
            count
        };
        Some(ArrayArg {
            datum,
            count: usize::try_from(count).unwrap_or_default(),
            elements: PhantomData,
        })
    }
}

// SAFETY: the SQL type is the array of T's, whose elements are read as T.
unsafe impl<T: SqlTranslatable> SqlTranslatable for ArrayArg<'_, T> {
    fn argument_sql() -> Result<SqlMapping, ArgumentError> {
        <pgrx::Array<'_, T> as SqlTranslatable>::argument_sql()
    }
    fn return_sql() -> Result<Returns, ReturnsError> {
        <pgrx::Array<'_, T> as SqlTranslatable>::return_sql()
    }
}

// SAFETY: an argument of the type is unboxed as what it is.
unsafe impl<'fcx, T> ArgAbi<'fcx> for ArrayArg<'fcx, T> {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: the caller promises a value that is not null.
        let argument = unsafe { arg.unbox_arg_using_from_datum() };
        argument.unwrap_or(ArrayArg {
            datum: pg_sys::Datum::from(0),
            count: 0,
            elements: PhantomData,
        })
    }

    unsafe fn unbox_nullable_arg(arg: Arg<'_, 'fcx>) -> Nullable<Self> {
        // SAFETY: as above, null or not.
        unsafe { arg.unbox_arg_using_from_datum().into() }
    }
}
