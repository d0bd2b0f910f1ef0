// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IQuorumVerifier} from "../../../src/interfaces/IQuorumVerifier.sol";
import {QuorumBase} from "../../support/QuorumBase.sol";

contract AdmitSchemeTest is QuorumBase {
    function test_admitsAndTakesBack() public {
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(verifier));
            emit IQuorumVerifier.SchemeAdmitted(address(ecdsa), i == 0);
            vm.prank(governance);
            verifier.admitScheme(address(ecdsa), i == 0);
            assertTrue(verifier.isAdmitted(address(ecdsa)) == (i == 0), "admitted");
        }
    }

    function testFuzz_onlyGovernance(address caller) public {
        vm.assume(caller != governance);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller));
        verifier.admitScheme(address(ecdsa), true);
    }

    function test_zeroAddress() public {
        vm.prank(governance);
        vm.expectRevert(IQuorumVerifier.ZeroAddress.selector);
        verifier.admitScheme(address(0), true);
    }
}
